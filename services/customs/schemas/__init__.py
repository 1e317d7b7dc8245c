"""What customs' HTTP interface takes and shows."""
