"""What people and programs see: questions, texts, tables, JSON."""
