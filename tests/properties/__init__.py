"""Facts that hold for every case of a kind, tried on many made by hypothesis."""
