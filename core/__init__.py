"""What an alert is and what is decided about it. Serves no HTTP, knows no chat and no AI."""
