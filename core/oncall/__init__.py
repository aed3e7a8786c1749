"""On-call schedules: whose turn it is at a moment, and until when."""
