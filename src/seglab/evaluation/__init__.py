"""Checkpoint → probability maps → merged pictures → per-picture scores → figures."""
