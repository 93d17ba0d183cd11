"""The size of the segment directors that tests train."""

SIZE = {"width": 48, "heads": 2, "encoder_layers": 1, "decoder_layers": 2, "buckets": 256}
