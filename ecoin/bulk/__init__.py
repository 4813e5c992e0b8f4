"""Many rows in one statement, on both databases: every speed idiom of the project (README.md)."""

from ecoin.bulk.ids import Ids
from ecoin.bulk.insert import (
    Rendered,
    delete_ids,
    insert_rendered,
    insert_rows,
    render,
    update_ids,
    update_rows,
)
from ecoin.bulk.load_data import allow, note_permission

__all__ = [
    "Ids",
    "Rendered",
    "allow",
    "delete_ids",
    "insert_rendered",
    "insert_rows",
    "note_permission",
    "render",
    "update_ids",
    "update_rows",
]
