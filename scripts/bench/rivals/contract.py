"""What the raw contract allows, as the rivals in Python need it."""

# Allowed values per column of a table; a null is none of them.
ALLOWED = {
    "message_events": {
        "channel": ["sms", "email", "whatsapp"],
        "status": ["sent", "delivered", "opened", "clicked", "failed"],
    },
    "identity_checks": {
        "method": ["otp", "knowledge", "document", "biometric"],
        "outcome": ["passed", "failed", "abandoned"],
    },
    "action_events": {
        "action": ["pay", "plan", "update_card", "confirm_details", "upload_document", "attest"],
        "step": ["started", "progressed", "ineligible", "failed", "abandoned", "completed"],
        "actor": ["customer", "agent"],
    },
    "writeback_attempts": {
        "adapter": ["rest", "soap", "webhook", "queue", "batch"],
        "status": ["accepted", "failed", "timed_out"],
    },
    "writeback_acks": {"outcome": ["persisted", "rejected"]},
    "agent_touches": {"outcome": ["resolved", "returned", "transferred"]},
    "evidence_items": {"evidence_type": ["consent", "identity", "document", "attestation"]},
    "payments": {"flow": ["automated", "agent"], "status": ["succeeded", "failed", "refunded"]},
}
