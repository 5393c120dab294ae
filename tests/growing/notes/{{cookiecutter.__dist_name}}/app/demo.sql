-- Demo data. Running it again does not double it.
-- milestone 2: begin
INSERT OR IGNORE INTO notes (id, title, body)
VALUES (1, 'Welcome', 'Write your first note.');
-- milestone 2: end
