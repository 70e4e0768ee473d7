"""Published figures of boards beside what is predicted for their foldings."""
