"""Flask-Admin console."""
