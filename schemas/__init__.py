"""Built-in schemas: one file each, found by its name.

A schema file holds pydantic models and names its outermost one in ``SCHEMA``. Its prompt
stands in ``prompts/`` under the same name. Adding a schema is adding these two files.
"""
