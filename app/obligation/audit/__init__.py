"""Whether what obligations keep agrees with itself and with the log: for `pakta doctor` and the tests."""
