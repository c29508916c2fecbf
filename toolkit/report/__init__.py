"""Reports: one frozen document per area and one for the plan; every form is made from it."""
