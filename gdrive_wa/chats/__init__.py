"""Voice notes and names in WhatsApp's databases."""
