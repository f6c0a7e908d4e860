"""dealwright: a configurable low-code rules and metadata platform for sales pipelines."""

__version__ = "0.1.0"
