"""What happens later or on time: durable tasks, timers, recurring jobs."""
