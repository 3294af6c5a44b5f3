"""An e-commerce back end of event-sourced services that react only to each other."""
