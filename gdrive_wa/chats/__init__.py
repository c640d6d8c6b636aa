"""What WhatsApp's databases say about voice notes."""
