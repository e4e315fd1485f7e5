"""One job an entry point: each joins the rooms below it and takes one config."""
