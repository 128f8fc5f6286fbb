"""What the scripts in the browser are handed: networks, images to read, maps, portraits of units."""
