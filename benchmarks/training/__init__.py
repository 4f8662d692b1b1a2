"""How the classifier of ``extractor/candidates`` was made: README.md beside this file says it."""
