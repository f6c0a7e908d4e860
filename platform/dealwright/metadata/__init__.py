"""Documents and the Catalog made of them: strict reading, JSON Schemas, the fold, cross references."""
