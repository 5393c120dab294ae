"""The use case: one project per student, from an assignment and a roster; made, handed out, looked at."""
