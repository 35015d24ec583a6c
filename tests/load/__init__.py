"""Orders and page reads in an open loop, their ledger, and the truth that the database tells about them."""
