"""Quality of data at run time: checks that follow from a contract, and suites of Great Expectations."""
