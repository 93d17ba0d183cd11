"""Reading items left to right into a Plan: clauses, who acts, how it is done. No word lists live here."""
