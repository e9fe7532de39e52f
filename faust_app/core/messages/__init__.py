"""What stands in the topics and in catalogue files: the contract, and how strictly it is read."""
