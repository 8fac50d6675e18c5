"""Search for the settings that suit a data set, in many trials."""
