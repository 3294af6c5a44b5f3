"""What each context does whenever another one's event says so: event in, commands out, pure."""
