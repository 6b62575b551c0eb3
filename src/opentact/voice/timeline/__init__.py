"""What happened to a call, in order, each with a sentence for people (issue: a timeline)."""
