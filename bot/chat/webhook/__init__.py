"""Outgoing webhooks by the Standard Webhooks specification (standardwebhooks.com)."""
