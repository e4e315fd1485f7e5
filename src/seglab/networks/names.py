"""The networks there are; light to import, for those who only tell of them."""

TITLES = {"unet": "UNet", "can": "CAN", "can_unet": "CAN+UNet"}
"""How the studies print each network."""
WIDTHS = {"unet": 64, "can": 24, "can_unet": 24}
"""The width each study gave its network."""
