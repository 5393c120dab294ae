"""The templates here are what other tests generate from; their own tests run in what was generated."""

collect_ignore_glob = ["*/*"]
