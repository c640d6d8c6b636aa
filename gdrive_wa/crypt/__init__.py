"""WhatsApp's formats: bytes in, bytes out."""
