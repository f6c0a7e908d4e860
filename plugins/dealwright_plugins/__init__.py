"""Code plugins that ship with the platform."""
