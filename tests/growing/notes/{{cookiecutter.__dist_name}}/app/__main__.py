"""Migrate, write the demo data and serve: `python -m app`."""

from app import config, database, server

if __name__ == "__main__":
    config.load_env()
    database.migrate()
    database.run_script("demo.sql")
    server.serve(config.port())
