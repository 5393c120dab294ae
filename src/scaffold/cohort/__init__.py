"""One repository for each student, from an assignment and a roster: create, push and check them."""
