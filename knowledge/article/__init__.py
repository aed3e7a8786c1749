"""Articles: written, reviewed, imported, and drafted from what people did."""
