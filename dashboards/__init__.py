"""The Streamlit app over an MLflow store: thin pages, and the functions that they show."""
