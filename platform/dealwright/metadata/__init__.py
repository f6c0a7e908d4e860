"""Documents and the Catalog made of them: strict reading, JSON Schemas, the fold, cross references.

strict.read      JSON that a stranger may have written
schemas.check    does a document fit the schema of its kind?
fold.fold        the documents of all layers become those in force
load.catalog     ... and those a Catalog, or an error with every problem
differences.diff what differs between two catalogs
"""

from __future__ import annotations

from dealwright.metadata.catalog import Catalog

__all__ = ["Catalog"]
