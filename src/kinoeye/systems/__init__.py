"""One room a research system, each with the same files. What two rooms need may not live here: it moves up a floor."""
