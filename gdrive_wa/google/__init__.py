"""Google's side: where its services are, who is signed in, and requests that do not give up."""
