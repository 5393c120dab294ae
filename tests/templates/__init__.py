"""The templates, tried out: every project here is made by the installed wheel."""
