"""What became of the signed documents, agency by agency: countersigned, sealed; and whether the head has signed."""
