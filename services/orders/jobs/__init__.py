"""The job that erases a person's record, and the questions to other services for a preview."""
