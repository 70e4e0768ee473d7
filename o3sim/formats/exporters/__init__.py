"""Networks in other projects' formats."""
