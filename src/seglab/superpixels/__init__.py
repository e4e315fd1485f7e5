"""Superpixels: eikonal fast marching, the field's other methods, and what they are scored by."""
