"""Conditions as SQLAlchemy expressions."""
