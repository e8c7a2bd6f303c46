"""The solutions are read as files by the tests here; they are no modules to import."""

collect_ignore = ["solutions"]
