"""Letters, e-mail drafts and quotes, as text and as PDF, from templates that the practice can edit. Nothing is sent."""
