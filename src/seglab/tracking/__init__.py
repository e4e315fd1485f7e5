"""The only package that imports mlflow: runs are written and read back here."""
