"""Result tables and reports, made from runs read back from MLflow."""
