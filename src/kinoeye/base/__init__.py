"""What every floor stands on: errors, guards, files, records, progress. Nothing that knows a camera may live here."""
