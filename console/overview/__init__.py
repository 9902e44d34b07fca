"""The overview on the admin's first page. A new panel is a module like its neighbours, listed in ``page``."""
