"""Experiment tracking for image-segmentation research, on MLflow."""

__version__ = "0.1.0"
