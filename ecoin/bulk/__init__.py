"""Many rows in one statement, on both databases: every speed idiom of the project (README.md)."""

from ecoin.bulk.ahead import work_ahead
from ecoin.bulk.garbage import fewer_collections
from ecoin.bulk.ids import Ids
from ecoin.bulk.insert import EncodedRows, encode_rows, insert_encoded, insert_rows
from ecoin.bulk.load_data import allow_files, check_server
from ecoin.bulk.update import delete_ids, update_ids, update_rows
